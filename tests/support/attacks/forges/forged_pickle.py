"""Send a pickle as the answer.

says: the answers
"""

import base64, pickle

forge(json.dumps({"pickle": base64.b64encode(pickle.dumps(print)).decode()}))
