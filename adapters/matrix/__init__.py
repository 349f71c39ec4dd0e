"""Matrix behind the chat port: one account on one homeserver, in rooms with encryption only where
`adapters.matrix.crypto` can be imported (the extra `sopwith[e2e]`)."""

from adapters.matrix.accounts import Accounts
from adapters.matrix.chat import TRAITS, MatrixChat
from adapters.matrix.doctor import examine
from adapters.matrix.encryption import Encryption, NoEncryption
from adapters.matrix.events import Translator
from adapters.matrix.home import Door, MatrixHome, who_we_are
from adapters.matrix.homeserver import Homeserver, Json
from adapters.matrix.login import kept_login
from adapters.matrix.render import Renderer
from adapters.matrix.rooms import Rooms, powers

__all__ = [
    "TRAITS",
    "Accounts",
    "Door",
    "Encryption",
    "Homeserver",
    "Json",
    "MatrixChat",
    "MatrixHome",
    "NoEncryption",
    "Renderer",
    "Rooms",
    "Translator",
    "examine",
    "kept_login",
    "powers",
    "who_we_are",
]
