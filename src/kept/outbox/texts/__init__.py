"""The words of the messages: facts in, subject, plain text and HTML out."""
