"""Real echo in numbers, read off 100 clips of EchoNet-Dynamic (112x112) and, fewer of them, CAMUS.

Where only a real median is known, the bounds are 20 % either side of it. Otherwise bounded are the darkest grey (up to 8
levels), CAMUS's black (up to 4 %), the mean grey by depth (as much as clips differ in it) and skewness (0.25 either side).
"""

EMD_FLOOR = 4.2
"""grey levels between the histograms of two real half-sets, 95th percentile"""
# fmt: off
HISTOGRAM = (.379, .133, .093, .072, .061, .053, .048, .041, .034, .027, .021, .015, .010, .006, .004, .003)
"""share of the sector's pixels in 16 equal bins of grey"""
# fmt: on
BY_DEPTH = (68, 74, 57, 53, 50, 46, 44, 41, 50, 56)
"""mean grey of each tenth of the depth"""
SPREAD_OF_MEAN = (0.82, 1.35)
"""10th and 90th percentile of a clip's mean grey over its median: so much may each depth differ too"""
SPECKLE = {10: 5.2, 20: 7.6, 32: 10.2, 50: 12.6, 70: 15.6, 90: 18.2, 112: 20.0, 137: 20.9, 165: 20.8}
"""mean grey of a patch: standard deviation within it"""
SKEWNESS = {"skewness, dark patches": 0.5, "skewness, bright patches": 0.0}
FPS = 50.0
"""of the correlations below"""

# Real figure, lowest, highest.
GREY = {
    "echonet": {
        "share at 0": (0.146, 0.04, 0.26),
        "share <= 5": (0.288, 0.14, 0.42),
        "mean grey": (49, 40, 66),
        "grey p25": (3, 0, 8),
        "grey p50": (28, 13, 49),
        "grey p75": (82, 66, 98),
        "grey p95": (160, 136, 190),
        "grey p99": (205, 164, 246),
        "blood": (11, 2.6, 23),
        "wall": (78, 45, 146),
    },
    "camus": {
        "share at 0": (0.02, 0.0, 0.04),
        "share <= 5": (0.02, 0.0, 0.04),
        "mean grey": (84, 67, 101),
        "grey p25": (52, 42, 62),
        "grey p50": (77.5, 74, 81),
        "grey p75": (112, 90, 134),
        "grey p95": (160, 128, 192),
        "grey p99": (190, 152, 228),
    },
}
GEOMETRY = {
    "echonet": {
        "sector opening, degrees": (88.9, 80, 90),
        "LV share of sector": (0.22, 0.11, 0.29),
        "LV long axis, px": (63, 50.4, 75.6),
        "LV short axis, px": (31, 24.8, 37.2),
    },
    "camus": {
        "sector opening, degrees": (75.7, 74.8, 76.6),
        "LV share of sector": (0.27, 0.18, 0.37),
        "myocardium share of sector": (0.23, 0.15, 0.32),
        "LA share of sector": (0.07, 0.02, 0.13),
        "wall / cavity area": (0.78, 0.56, 1.01),
    },
}
WIDTHS = {
    "axial width near, px": 1.5,
    "axial width middle, px": 1.9,
    "axial width deep, px": 2.3,
    "lateral width near, degrees": 4.8,
    "lateral width middle, degrees": 2.6,
    "lateral width deep, degrees": 2.6,
}
CORRELATION = {
    "wall": ((0.89, 0.97), (0.78, 0.91), (0.49, 0.72), (0.25, 0.54)),
    "blood": ((0.73, 0.95), (0.57, 0.88), (0.27, 0.71), (0.09, 0.57)),
}
