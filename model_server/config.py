"""The flags of the program: the original's names and defaults, and a few of our own."""

import os
import select
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

from model_server.status import Code, ServingError

_CPUS = os.cpu_count() or 1
_THREADS = 4 * _CPUS
_PORT_MAX = 65535
_LOG_FORMATS = ("text", "json")


def _flag(default: Any, doc: str, *, least: float | None = None, shown: str = "") -> Any:
    """Declare a flag; `shown` is its default in words, where it differs from machine to machine."""
    metadata = {"doc": doc, "least": least, "shown": shown, "is_used": True}
    return field(default=default, metadata=metadata)


def _unused(default: Any, reason: str, *, shown: str = "") -> Any:
    """Declare a flag of the original that changes nothing here; `reason` says why."""
    metadata = {"doc": f"No effect: {reason}.", "least": None, "shown": shown, "is_used": False}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Flags:
    """What the program was started with; each field is a flag of the same name.

    Raises:
        ServingError: A value makes no sense, or not beside another one.
    """

    host: str = _flag("127.0.0.1", "Address to listen at, for all ports.")
    port: int = _flag(8500, "Port of the gRPC API; 0 is off.", least=0)
    grpc_socket_path: str = _flag("", "UNIX socket at which to offer the gRPC API as well.")
    rest_api_port: int = _flag(0, "Port of the HTTP/REST API; 0 is off.", least=0)
    rest_api_num_threads: int = _flag(
        _THREADS, "HTTP requests answered at once.", least=1, shown="4 per CPU"
    )
    rest_api_timeout_in_ms: int = _flag(30_000, "Milliseconds an HTTP request may take.", least=1)
    rest_api_enable_cors_support: bool = _flag(
        False, "Let pages of other sites use the HTTP/REST API."
    )
    rest_api_max_body_bytes: int = _flag(
        128 << 20, "Largest body of an HTTP request, in bytes.", least=1
    )
    rest_api_max_inflated_bytes: int = _flag(
        128 << 20, "Largest body of an HTTP request once inflated, in bytes.", least=1
    )
    rest_api_max_json_depth: int = _flag(
        64, "Deepest nesting of lists and objects in the JSON of a request, at most 256.", least=1
    )
    zmq_port: int = _flag(0, "Port of the API over ZeroMQ; 0 is off.", least=0)
    zmq_num_threads: int = _flag(
        _THREADS, "Calls over ZeroMQ answered at once.", least=1, shown="4 per CPU"
    )
    zmq_max_message_bytes: int = _flag(2**31 - 1, "Largest request over ZeroMQ, in bytes.", least=1)
    model_name: str = _flag("default", "Name of the model in --model_base_path.")
    model_base_path: str = _flag("", "Folder of the numbered version folders of one model.")
    model_config_file: str = _flag(
        "", "Text-format ModelServerConfig that lists the models; wins over --model_base_path."
    )
    model_config_file_poll_wait_seconds: float = _flag(
        0, "Seconds between looks at --model_config_file for changes; 0 never looks again.", least=0
    )
    file_system_poll_wait_seconds: float = _flag(
        1, "Seconds between looks for new versions; 0 looks once, below 0 never."
    )
    max_num_load_retries: int = _flag(5, "How often to try again to load a version.", least=0)
    load_retry_interval_micros: int = _flag(
        60_000_000, "Microseconds between these tries; below 0 is none."
    )
    allow_version_labels_for_unavailable_models: bool = _flag(
        False, "Let a new version label name a version that is not available yet."
    )
    enable_model_warmup: bool = _flag(
        True, "Run the warm-up records of a version before it is served."
    )
    num_request_iterations_for_warmup: int = _flag(
        0, "How often to run each warm-up record; 0 is once."
    )
    auto_warmup: bool = _flag(
        False,
        "Make up requests for a version without warm-up records; not for models that keep state.",
    )
    prefer_tflite_model: bool = _flag(
        False, "Serve model.tflite where a version has one, rather than its SavedModel."
    )
    num_tflite_pools: int = _flag(
        _CPUS, "Calls of a TFLite model that run at once, times the next flag.", shown="1 per CPU"
    )
    num_tflite_interpreters_per_pool: int = _flag(
        1, "Calls of a TFLite model that run at once, times the flag before."
    )
    isolate_models: bool = _flag(
        False,
        "Run each version in worker processes of its own, so that unloading returns its memory, "
        "and a crash takes no other model along.",
    )
    workers_per_model: int = _flag(
        1,
        "Worker processes of each version, with --isolate_models; they share the processors out "
        "unless the flags below set TensorFlow's threads.",
        least=1,
    )
    saved_model_tags: str = _flag("serve", "Comma-separated tags of the graph to load.")
    tensorflow_session_parallelism: int = _flag(
        0, "Sets both of the next two; 0 is automatic.", least=0
    )
    tensorflow_intra_op_parallelism: int = _flag(
        0, "Threads within an operation; 0 is automatic.", least=0
    )
    tensorflow_inter_op_parallelism: int = _flag(
        0, "Operations run at once; 0 is automatic.", least=0
    )
    freeze_variables_up_to_mb: int = _flag(
        32,
        "Compute with constants in place of a model's variables where nothing writes them and they "
        "hold at most so many megabytes, which is faster; 0 never does.",
        least=0,
    )
    enable_signature_method_name_check: bool = _flag(
        False, "Refuse a signature whose method name is not that of the call."
    )
    grpc_max_threads: int = _flag(
        _THREADS, "gRPC calls answered at once.", least=1, shown="4 per CPU"
    )
    light_grpc: bool = _flag(
        False,
        "Speak gRPC by code of our own instead of the gRPC library's: less time per call, without "
        "TLS, UNIX socket and channel arguments.",
    )
    grpc_channel_arguments: str = _flag(
        "", "Comma-separated name=value options of the gRPC server."
    )
    ssl_config_file: str = _flag("", "Text-format SSLConfig: the gRPC API over TLS.")
    use_alts_credentials: bool = _flag(
        False, "Refused: ALTS exists in Google's cloud only; see --ssl_config_file."
    )
    enable_grpc_healthcheck_service: bool = _flag(True, "Offer grpc.health.v1.")
    enable_serialization_as_tensor_content: bool = _flag(
        False, "Answer in tensor_content, which is faster for clients that know it."
    )
    monitoring_config_file: str = _flag(
        "", "Text-format MonitoringConfig: metrics for Prometheus on the HTTP port."
    )
    auth_token_file: str = _flag(
        "", "File of tokens, one a line, of which callers must show one; on all ports."
    )
    access_log_format: str = _flag("text", "Form of the log's line for each request: text or json.")
    shutdown_grace_s: float = _flag(
        10.0, "Seconds that accepted calls may still take after SIGTERM or SIGINT.", least=0
    )
    enable_batching: bool = _flag(
        False, "Run the requests of several clients together, as one batch."
    )
    batching_parameters_file: str = _flag(
        "", "Text-format BatchingParameters for --enable_batching, in place of the defaults."
    )
    enable_per_model_batching_parameters: bool = _flag(
        False,
        "With --enable_batching, batch only models with a batching_params.pbtxt in their version "
        "folder, by that file; threads are those of --batching_parameters_file.",
    )
    num_load_threads: int = _unused(0, "each load has a thread of its own")
    num_unload_threads: int = _unused(0, "each unload has a thread of its own")
    flush_filesystem_caches: bool = _unused(True, "the cache is left to the system")
    tensorflow_session_config_file: str = _unused("", "sessions are set up by the other flags")
    platform_config_file: str = _unused("", "there is one platform, tensorflow")
    per_process_gpu_memory_fraction: float = _unused(0.0, "GPU memory is taken as it is needed")
    thread_pool_factory_config_file: str = _unused("", "TensorFlow has the only thread pools")
    remove_unused_fields_from_bundle_metagraph: bool = _unused(True, "they are never kept")
    xla_cpu_compilation_enabled: bool = _unused(False, "graphs run as they were exported")
    xla_gpu_compilation_enabled: bool = _unused(False, "graphs run as they were exported")
    mixed_precision: str = _unused("", "graphs run as they were exported")
    enable_profiler: bool = _unused(True, "there is no profiler service")
    skip_initialize_tpu: bool = _unused(False, "TPUs are not used")

    def __post_init__(self) -> None:
        self._check_ranges()
        self._check_together()

    def _check_ranges(self) -> None:
        for flag in fields(self):
            value, least = getattr(self, flag.name), flag.metadata["least"]
            if least is not None and value < least:
                raise _invalid(f"--{flag.name} must be at least {least}, got {value}")
        for name in ("port", "rest_api_port", "zmq_port"):
            if getattr(self, name) > _PORT_MAX:
                raise _invalid(f"--{name} must be at most {_PORT_MAX}, got {getattr(self, name)}")
        if self.access_log_format not in _LOG_FORMATS:
            raise _invalid(
                f"--access_log_format must be text or json, got {self.access_log_format!r}"
            )

    def _check_together(self) -> None:
        if not self.port and not self.grpc_socket_path:
            raise _invalid(
                "At least one of server_options.grpc_port or server_options.grpc_socket_path "
                "must be set."
            )
        if self.use_alts_credentials and self.ssl_config_file:
            raise _invalid(
                "Either use_alts_credentials must be false or ssl_config_file must be empty."
            )
        if self.use_alts_credentials:  # never serve in the clear who asked for encryption
            raise ServingError(
                Code.UNIMPLEMENTED,
                "use_alts_credentials: there is no ALTS here; use ssl_config_file.",
            )
        if self.light_grpc:
            self._check_light()
        if not self.model_base_path and not self.model_config_file:
            raise _invalid(
                "Both server_options.model_base_path and server_options.model_config_file "
                "are empty!"
            )
        if self.batching_parameters_file and not self.enable_batching:
            raise _invalid(
                "server_options.batching_parameters_file is set without setting "
                "server_options.enable_batching to true."
            )
        if self.tensorflow_session_parallelism and (
            self.tensorflow_intra_op_parallelism or self.tensorflow_inter_op_parallelism
        ):
            raise _invalid(
                "tensorflow_session_parallelism must not be set together with "
                "tensorflow_intra_op_parallelism or tensorflow_inter_op_parallelism."
            )

    def _check_light(self) -> None:
        for name in ("ssl_config_file", "grpc_socket_path", "grpc_channel_arguments"):
            if getattr(self, name):
                raise _invalid(f"--{name} needs the gRPC library; leave out --light_grpc")
        if not hasattr(select, "epoll"):
            raise ServingError(Code.UNIMPLEMENTED, "--light_grpc needs epoll, which Linux has.")

    @property
    def intra_op_threads(self) -> int:
        """Threads within an operation, whichever flag sets them; 0 is automatic."""
        return self.tensorflow_intra_op_parallelism or self.tensorflow_session_parallelism

    @property
    def inter_op_threads(self) -> int:
        """Operations run at once, whichever flag sets them; 0 is automatic."""
        return self.tensorflow_inter_op_parallelism or self.tensorflow_session_parallelism

    @classmethod
    def documented(cls) -> Iterator[tuple[str, str, str]]:
        """Yield name, default and meaning of each flag, as the documents write them."""
        for flag in fields(cls):
            default = flag.default
            text = str(default).lower() if isinstance(default, bool) else str(default)
            yield f"--{flag.name}", flag.metadata["shown"] or text or "none", flag.metadata["doc"]

    def without_effect(self) -> Iterator[str]:
        """Say of each flag that was set in vain that it has no effect, and why.

        Example:
            >>> flags = Flags(model_base_path="/models/ssd", skip_initialize_tpu=True)
            >>> list(flags.without_effect())
            ['--skip_initialize_tpu has no effect: TPUs are not used.']
        """
        for flag in fields(self):
            if not flag.metadata["is_used"] and getattr(self, flag.name) != flag.default:
                doc = flag.metadata["doc"]
                yield f"--{flag.name} has {doc[0].lower()}{doc[1:]}"


def _invalid(message: str) -> ServingError:
    return ServingError(Code.INVALID_ARGUMENT, message)
