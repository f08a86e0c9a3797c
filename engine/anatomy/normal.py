"""What is normal in adults, women and men together: the lower of the two lower limits and the higher of the two upper ones.

Lang et al., Recommendations for Cardiac Chamber Quantification by Echocardiography in Adults, JASE 2015; 28:1-39: biplane volumes and
LVEF of table 2, wall thickness of table 6. That edition gives the LA by body surface alone (16 to 34 mL/m^2), which a drawing does not
tell: the LA's own volume is from the edition before, Lang et al., JASE 2005; 18:1440-1463. Neither gives a range for the LV's length.
"""

NORMAL: dict[str, tuple[float, float]] = {
    "edv": (46.0, 150.0),
    "esv": (14.0, 61.0),
    "lvef": (52.0, 74.0),
    "wall": (6.0, 10.0),
    "la_volume": (18.0, 58.0),
}
"""(low, high) by measure: volumes in mL, LVEF in percent, the wall at end-diastole in mm, the LA at its largest, end-systole"""
