# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every module's main() does: options in, one run, one result or one clear message out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from .errors import AWS_ERRORS, PixelError, explain

Run = Callable[[AnsibleAWSModule], dict[str, Any]]


def run_module(run: Run, **settings: Any) -> None:
    """Make the module, run it, and exit with its result.

    Args:
        run: does the work and returns the module's result; raises `PixelError` for what the operator can mend.
        settings: what AnsibleAWSModule takes, such as `argument_spec`.
    """
    module = AnsibleAWSModule(supports_check_mode=True, **settings)
    try:
        result = run(module)
    except PixelError as error:
        module.fail_json(msg=str(error), **error.result)
    except AWS_ERRORS as error:
        module.fail_json(msg=explain(error, module.params.get("endpoint_url"), module.region))
    module.exit_json(**result)


def need(value: object, option: str, mend: str) -> None:
    """Refuse an empty option.

    Raises:
        PixelError: the value is empty.
    """
    if not value:
        raise PixelError(f"{option} is empty: {mend}")
