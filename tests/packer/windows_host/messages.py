"""WS-Management's messages, as far as a remote shell needs them (MS-WSMV). Pure: text in, text out."""

from __future__ import annotations

import base64
import uuid
import xml.etree.ElementTree as ET
from typing import NamedTuple
from xml.sax.saxutils import escape

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
NAMES = {"a": ADDRESSING, "w": WSMAN, "r": SHELL}


class Request(NamedTuple):
    """A client's message.

    Attributes:
        action: the whole action; its last part tells what is asked.
        message_id: what the answer relates to.
        command_line: of Command.
        command_id: of Send and Receive.
        stdin: of Send.
    """

    action: str
    message_id: str
    command_line: str
    command_id: str
    stdin: bytes

    @property
    def verb(self) -> str:
        return self.action.rsplit("/", 1)[-1]


def parse(text: bytes) -> Request:
    """Read a message.

    Raises:
        ValueError: it is no message of WS-Management.
    """
    try:
        root = ET.fromstring(text)
    except ET.ParseError as error:
        raise ValueError(f"not XML: {error}") from None
    action, message_id = root.findtext(".//a:Action", None, NAMES), root.findtext(".//a:MessageID", None, NAMES)
    if action is None or message_id is None:
        raise ValueError("no action or no message id")
    words = [
        root.findtext(".//r:Command", "", NAMES),
        *(one.text or "" for one in root.findall(".//r:Arguments", NAMES)),
    ]
    streams = [*root.findall(".//r:Stream", NAMES), *root.findall(".//r:DesiredStream", NAMES)]
    stdin = b"".join(base64.b64decode(one.text or "") for one in root.findall(".//r:Stream", NAMES))
    command_id = streams[0].get("CommandId", "") if streams else ""
    return Request(action, message_id, " ".join(word for word in words if word), command_id, stdin)


def answer(request: Request, body: str) -> bytes:
    """Wrap the body of an answer."""
    return (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:w="{WSMAN}" xmlns:x="{TRANSFER}" '
        f'xmlns:rsp="{SHELL}" xml:lang="en-US"><s:Header><a:Action>{request.action}Response</a:Action>'
        f"<a:MessageID>uuid:{uuid.uuid4()}</a:MessageID><a:RelatesTo>{escape(request.message_id)}</a:RelatesTo>"
        f"</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def shell_created(shell_id: str) -> str:
    """Return the answer's body to Create."""
    return (
        "<x:ResourceCreated><a:Address>https://host/wsman</a:Address><a:ReferenceParameters>"
        f'<w:ResourceURI>{SHELL}/cmd</w:ResourceURI><w:SelectorSet><w:Selector Name="ShellId">{shell_id}</w:Selector>'
        "</w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>"
        f"<rsp:Shell><rsp:ShellId>{shell_id}</rsp:ShellId></rsp:Shell>"
    )


def command_started(command_id: str) -> str:
    """Return the answer's body to Command."""
    return f"<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>"


def finished(command_id: str, stdout: str, stderr: str, code: int) -> str:
    """Return the answer's body to Receive, for a command that has ended."""
    return (
        f"<rsp:ReceiveResponse>{_stream('stdout', command_id, stdout)}{_stream('stderr', command_id, stderr)}"
        f'<rsp:CommandState CommandId="{command_id}" State="{SHELL}/CommandState/Done">'
        f"<rsp:ExitCode>{code}</rsp:ExitCode></rsp:CommandState></rsp:ReceiveResponse>"
    )


def _stream(name: str, command_id: str, text: str) -> str:
    start = f'<rsp:Stream Name="{name}" CommandId="{command_id}"'
    data = f"{start}>{base64.b64encode(text.encode()).decode()}</rsp:Stream>" if text else ""
    return f'{data}{start} End="true"/>'
