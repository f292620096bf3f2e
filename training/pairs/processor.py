"""Text and image -> a model's inputs.

Frames are single images, so nothing here needs a video processor, nor torchvision, which that one needs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import AutoConfig, AutoProcessor, Qwen3VLProcessor
from transformers.processing_utils import ProcessorMixin

from data.errors import TrainingError
from data.images.model_picture import TOKEN_PX
from data.vlm.profiles import model_profiles
from data.vlm.request import THINKING_SWITCH
from training.models.folder import first_line

_IMAGE_PROCESSOR_FILES = ("preprocessor_config.json", "processor_config.json")


class ImageOnlyQwen3VLProcessor(Qwen3VLProcessor):
    """Qwen3VLProcessor without its video processor, which exists only where torchvision does.

    ProcessorMixin finds its parts in the signature of `__init__`: without `video_processor` there, it is neither
    built, loaded nor saved.
    """

    def __init__(
        self, image_processor: Any = None, tokenizer: Any = None, chat_template: Any = None, **_: Any
    ) -> None:
        self.image_token, self.image_token_id = _token(tokenizer, "<|image_pad|>")
        self.video_token, self.video_token_id = _token(tokenizer, "<|video_pad|>")
        self.vision_start_token, self.vision_start_token_id = _token(tokenizer, "<|vision_start|>")
        self.vision_end_token, self.vision_end_token_id = _token(tokenizer, "<|vision_end|>")
        ProcessorMixin.__init__(  # type: ignore[no-untyped-call]  # untyped in transformers
            self, image_processor, tokenizer, chat_template=chat_template
        )


def _token(tokenizer: Any, token: str) -> tuple[str, int]:
    return token, tokenizer.convert_tokens_to_ids(token)


def load_processor(folder: Path) -> Any:
    """The model's processor: tokenizer, chat template and image processor.

    Raises TrainingError if the folder has no image processor: transformers would return a bare tokenizer silently.
    """
    if not any((folder / name).is_file() for name in _IMAGE_PROCESSOR_FILES):
        raise TrainingError(f"{folder} has no image processor (preprocessor_config.json): frames need one.")
    try:
        processor = _processor_class(folder).from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, ImportError, AttributeError, TypeError) as error:
        raise TrainingError(f"The processor in {folder} cannot be loaded: {first_line(error)}") from error
    if not isinstance(processor, ProcessorMixin) or getattr(processor, "image_processor", None) is None:
        raise TrainingError(
            f"{folder} holds a {type(processor).__name__}, which has no image processor: frames need one."
        )
    return processor


def template_switch(processor: Any, *, thinks: bool) -> dict[str, bool]:
    """Whether to think, for a chat template that asks; transformers takes what a template does not know for its own."""
    asks = THINKING_SWITCH in str(processor.chat_template)
    return {THINKING_SWITCH: thinks} if asks else {}


def image_tokens(processor: Any, width: int, height: int) -> int:
    """Tokens that a frame of this size becomes.

    This follows the image processor's own rounding, so it is exact for the Qwen-VL family.
    """
    image_processor = processor.image_processor
    patches = image_processor.get_number_of_image_patches(height, width, {})
    return int(patches) // int(image_processor.merge_size) ** 2


def _processor_class(folder: Path) -> Any:
    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    family = model_profiles().families.get(config.model_type)
    is_qwen = family is not None and family.processor == Qwen3VLProcessor.__name__
    return ImageOnlyQwen3VLProcessor if is_qwen else AutoProcessor


def refuse_resizing(processor: Any, picture: tuple[int, int]) -> None:
    """Raise TrainingError if the processor would change a picture of (width, height) pixels that was scaled for it."""
    width_px, height_px = picture
    expected, counted = width_px * height_px // TOKEN_PX**2, image_tokens(processor, width_px, height_px)
    if counted != expected:
        raise TrainingError(
            f"The model's image processor makes {counted} tokens of a picture of {width_px} x {height_px} pixels where "
            f"{expected} are due: it resizes it. Widen the size in its preprocessor_config.json, or change "
            "image.width_px in the recipe and ask the student at that width."
        )
