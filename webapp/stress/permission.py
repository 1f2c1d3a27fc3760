"""Who may put the system under stress: nobody whom others could reach, unless somebody says so."""

from serving_client import Target
from stress import check_target, is_this_machine
from webapp.exceptions import StressOffError
from webapp.settings import Settings


def is_stress_offered(settings: Settings) -> bool:
    """Tell whether there are stress runs here.

    With ``SIGHTLINE_STRESS=loopback`` there are where only this machine reaches the site: a proxy
    in front brings others, so they have to be known then.
    """
    if settings.stress == "loopback":
        is_open_to_others = settings.trusted_hops > 0 and settings.access == "open"
        return is_this_machine(settings.web_host) and not is_open_to_others
    return settings.stress == "on"


def check_offered(settings: Settings) -> None:
    """Go on where there are stress runs.

    Raises:
        StressOffError: There are none here.
    """
    if not is_stress_offered(settings):
        raise StressOffError


def check_server(settings: Settings, target: Target) -> None:
    """Go on where the model server may be put under stress.

    Raises:
        ForeignError: It is on another machine, and nobody has said that it may.
    """
    if settings.stress != "on":
        check_target(target)
