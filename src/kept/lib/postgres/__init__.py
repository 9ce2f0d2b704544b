"""Django's backend for PostgreSQL, with a look at a kept connection that costs no journey."""
