"""What data sets say in words of frames that other files hold: DriveLM, CODA-LM, PhysicalAI-AV's chains of causation.

`texts_in` is the way in. Nothing here knows the store, and no text is given a level.
"""
