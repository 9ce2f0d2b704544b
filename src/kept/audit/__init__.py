"""The Revenue Audit: where coordination breaks between scheduled and attended, in money.

Readers bring a *history* (`history.py`), whatever it comes from; measures turn it into *figures*
(`figures.py`); report, JSON, CSV and console only draw those. Nothing read is stored or sent.
"""
