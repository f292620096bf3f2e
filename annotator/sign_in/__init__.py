"""Signing in and out, with a password or through an identity provider.

`sign_in_route` and `provider_sign_in_route` are the doors, `signed_in_person` says who is looking. Knows no screen.
"""
