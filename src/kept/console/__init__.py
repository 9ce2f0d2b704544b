"""The staff console, behind sign-in: the front desk runs the day, the owner sets things up.

`access` says who may open a page; `views` answers, one file a topic; `acts` is what can be done to
an appointment; `words` and `story` put rows into the words and pieces that the templates draw.
"""
