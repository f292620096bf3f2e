"""How often what runs and people say is contradicted by what is there, leaves out what decides, or fits no level.

`grounding_figures` is the way in; what single words come to is judged in `data.grounding`.
"""
