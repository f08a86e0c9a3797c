"""One colour for each class of a label map, in files and on the page."""

from engine.anatomy.labels import LA, LV, MYOCARDIUM, SECTOR

COLOURS = {LV: (242, 163, 60), MYOCARDIUM: (53, 184, 166), LA: (115, 145, 255), SECTOR: (70, 70, 70)}
"""RGB; black is the background. Told apart by people with any common colour blindness, and bright on black."""
