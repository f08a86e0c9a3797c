"""Echo Studio in the browser and on the command line.

Gradio reads these settings when it is first imported, so they stand before everything else: nothing leaves the machine,
and what the browser uploads or downloads stays in the studio's own folder.
"""

import os

from studio.folders import home

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ["GRADIO_TEMP_DIR"] = str(home() / "cache")
