"""Frame pictures over HTTP: signed addresses, and the route that serves them.

`image_address` makes an address for one person, `frame_route` honours it. Knows no proposal and no level.
"""
