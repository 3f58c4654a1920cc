"""Every error that this package raises on purpose.

::

    VisionAgentsError
    ├── ConfigurationError            the code or the command line asks for something impossible
    │   ├── InvalidCallId             (also a ValueError)
    │   └── UnknownPlugin             (also an ImportError)
    ├── MediaError                    a local audio or video file cannot be used
    ├── WeightsError                  model weights are missing, broken or cannot be fetched
    ├── ProviderError                 a model or service failed: stage, provider, retryable, status
    │   └── ProviderTimeout
    ├── SessionError
    │   ├── AgentBusy                 the agent already has a session
    │   ├── SessionNotStarted
    │   ├── SessionClosed             (also a RuntimeError)
    │   └── JoinTimeout
    ├── LaunchError
    │   ├── LauncherNotRunning        (also a RuntimeError)
    │   │   └── LauncherDraining      no new sessions any more
    │   ├── SessionLimitExceeded
    │   │   ├── MaxConcurrentSessionsExceeded
    │   │   └── MaxSessionsPerCallExceeded
    │   ├── StartTimeout
    │   ├── RegistryUnavailable       the shared store cannot be reached; retry_after
    │   │   └── RegistryRecovering    the store has lost its data: limited starts wait
    │   └── IdempotencyConflict       the key was used with another request
    ├── EdgeError                     the transport refused or lost the call
    │   ├── SignallingRefused         a request that would set up a call is not allowed: status, code
    │   ├── BadOffer                  a browser's offer no call can be made of (also a ValueError)
    │   ├── LegFailed                 nobody took a call that the transport placed: status
    │   ├── CapabilityMissing         this edge cannot do what was asked (transfer, DTMF, ...)
    │   └── TransferError             a call cannot be handed over to what was given
    └── ToolError                     a tool failed, timed out or was called with wrong arguments
"""


class VisionAgentsError(Exception):
    """Root of the tree: catch it to catch everything this package raises on purpose."""


class ConfigurationError(VisionAgentsError):
    """The code, environment or command line asks for something impossible."""


class InvalidCallId(ConfigurationError, ValueError):
    """A call id or call type with characters or a length that is not allowed."""


class UnknownPlugin(ConfigurationError, ImportError):
    """No plugin of that name exists; the message lists the known ones."""


class MediaError(VisionAgentsError):
    """A local audio or video file is missing, not a regular file, or cannot be decoded or written."""


class WeightsError(VisionAgentsError):
    """Model weights are missing, broken or cannot be fetched."""


class ProviderError(VisionAgentsError):
    """A model or a service failed.

    Args:
        message: what happened, without secrets or spoken words.
        provider: the provider's name, for example ``"embedded"``.
        stage: ``"stt"``, ``"llm"``, ``"tts"``, ``"vad"`` or ``"turn_detection"``.
        retryable: whether the same request may succeed later.
        status: the HTTP status or provider code, where there is one.
    """

    def __init__(
        self,
        message: str,
        *,
        provider: str,
        stage: str,
        retryable: bool = False,
        status: int | str | None = None,
    ) -> None:
        super().__init__(message)
        self.provider = provider
        self.stage = stage
        self.retryable = retryable
        self.status = status


class ProviderTimeout(ProviderError):
    """A provider gave no answer within its deadline."""


class SessionError(VisionAgentsError):
    """A session was asked for something its state does not allow."""


class AgentBusy(SessionError):
    """The agent already has a session, started or of another class."""


class SessionNotStarted(SessionError):
    """The session has not started yet."""


class SessionClosed(SessionError, RuntimeError):
    """The session has ended."""


class JoinTimeout(SessionError):
    """The edge did not join the call within ``start_timeout``."""


class LaunchError(VisionAgentsError):
    """The launcher could not start a session."""


class LauncherNotRunning(LaunchError, RuntimeError):
    """``start_session`` on a launcher that is not running."""


class LauncherDraining(LauncherNotRunning):
    """The launcher is draining: no new sessions."""


class SessionLimitExceeded(LaunchError):
    """A configured number of sessions is already reached."""


class MaxConcurrentSessionsExceeded(SessionLimitExceeded):
    """This node already runs ``max_concurrent_sessions`` sessions."""


class MaxSessionsPerCallExceeded(SessionLimitExceeded):
    """The call already has ``max_sessions_per_call`` sessions."""


class StartTimeout(LaunchError):
    """Building the agent took longer than ``start_timeout``."""


class RegistryUnavailable(LaunchError):
    """The shared store of sessions cannot be reached, or is recovering.

    Args:
        message: what happened.
        retry_after: in how many seconds it is worth another try.
    """

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RegistryRecovering(RegistryUnavailable):
    """The store has lost its data; limited starts wait for the grace to pass."""


class IdempotencyConflict(LaunchError):
    """The idempotency key was used with another request."""


class EdgeError(VisionAgentsError):
    """The transport refused or lost the call."""


class SignallingRefused(EdgeError):
    """A request that would set up a call is not allowed, or makes no sense.

    Args:
        message: what is wrong with it.
        status: the HTTP status that says so.
        code: one word for programs.
    """

    def __init__(self, message: str, *, status: int, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class BadOffer(EdgeError, ValueError):
    """A browser's offer is none, is too large, or holds media that no call can be made of."""


class LegFailed(EdgeError):
    """Nobody took a call that the transport placed.

    Args:
        message: what happened.
        status: the carrier's status, in the numbers of SIP.
    """

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class CapabilityMissing(EdgeError):
    """This edge cannot do what was asked."""


class TransferError(EdgeError):
    """A call cannot be handed over to what was given: it is no number and no address."""


class ToolError(VisionAgentsError):
    """A tool failed, timed out or was called with wrong arguments."""
