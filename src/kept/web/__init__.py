"""What every page stands on: the base template, the styles, the words for times and states.

A page extends `web/base.html` and is answered by `pages.render`, which adds the language, the
direction, the locale and the headers. The blocks of the base template:

- `question`: the page's one question, for the title; `service`: the middle of the title;
- `header`: what stands above (default: the business's name); `navigation`: beside it;
- `content`: the page, in the one <main>; `help`: the help block, always in the same place.

`{% load kept %}` brings the tags of `templatetags/kept.py`. Nothing here knows the domain.
"""
