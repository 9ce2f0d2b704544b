"""One file per chapter: each takes appointments one by one and answers its questions at the end."""
