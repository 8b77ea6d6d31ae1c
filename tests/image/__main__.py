"""Says whether this machine can test the image, and what to do if not."""

import sys

from tests.image.engine import WHAT_TO_DO, NoEngineError, engine

if "--help" in sys.argv:
    print(WHAT_TO_DO)
else:
    try:
        print("container engine:", *engine())
    except NoEngineError as error:
        sys.exit(str(error))
