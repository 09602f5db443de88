"""What schemathesis must not do with the control surface: wait for minutes, make thousands of computers."""

import schemathesis
from schemathesis.engine import observations

LONGEST_WAIT_S = 0.05
MOST_COMPUTERS = 5
MOST_ROUNDS = 100

same_origin_path = observations._same_origin_path


def tolerant_same_origin_path(value, origin):
    """schemathesis 4.32.5 ends with a traceback at a text that begins as a URL and is none: `http://[{ipv6}]/`."""
    try:
        return same_origin_path(value, origin)
    except ValueError:
        return None


observations._same_origin_path = tolerant_same_origin_path


@schemathesis.hook
def map_case(context, case):
    """Calls that wait for what may never happen are told to wait for a moment only."""
    body = case.body
    if case.path.endswith("/journal/wait") and isinstance(body, dict):
        timeout_s = body.get("timeout_s", 30)
        if isinstance(timeout_s, (int, float)) and LONGEST_WAIT_S < timeout_s <= 300:
            case.body = dict(body, timeout_s=LONGEST_WAIT_S)
    # The fleet of the demo never comes to rest: it breaks down and recovers, round by round.
    if case.path.endswith("/background/settle") and isinstance(body, dict):
        most_rounds = body.get("most_rounds")
        if isinstance(most_rounds, int) and MOST_ROUNDS < most_rounds <= 10000:
            case.body = dict(body, most_rounds=MOST_ROUNDS)
    # A fleet of thousands is for benches.
    if case.path.endswith("/computers/scale") and isinstance(body, dict):
        count = body.get("count")
        if isinstance(count, int) and MOST_COMPUTERS < count <= 10000:
            case.body = dict(body, count=MOST_COMPUTERS)
    return case
