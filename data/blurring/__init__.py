"""Blurring faces and number plates: copies that everybody is shown from then on, in place of the originals.

`blur` is the use case: pictures are blurred in groups that are committed as they come, and whatever stops it, the same
call goes on. `LiveBlurring` does it with what a monitor keeps. `regions` says what of a box is blurred, `pixelation`
makes it irreversible, `detector` asks the model that a user names, `traces` removes what was made of the originals.
Originals are never written. Knows no screen.
"""
