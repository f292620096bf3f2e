"""How a street scene of the demo is drawn, pixel by pixel: camera, ground, sky, vehicles, people, weather.

`picture` is the way in. Knows no level and no nuScenes table.
"""
