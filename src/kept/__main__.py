"""`python -m kept`."""

from kept.cli import main

if __name__ == "__main__":
    main()
