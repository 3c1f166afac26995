"""What Claid can be asked to do.

Names and ranges are those of the vendor's document (Image operations, Image I/O). Not
offered, because a family photo never wants it: `privacy.identity_crop` (cuts faces
away), `generative.style_transfer` and the fit `outpaint` (invent), the fits `crop`,
`cover` and `canvas` (cut, or change the shape). Not offered, because the app could not
use the result: the format `avif` and the colour space `CMYK`.
"""

from __future__ import annotations

from jobs.providers.options import Number, Option, Text

NO_YES = (("0", "No"), ("1", "Yes"))
ON = ("1",)
# A value of its own, so that a person can take back what a recipe says.
NONE = "none"
CATEGORIES = (
    ("general", "Anything, people too"),
    ("products", "Products and food"),
    ("cars", "Cars"),
)
SIZE = Text(
    longest=5, pattern=r"auto|[1-9]\d{0,2}%|[1-9]\d{1,4}", example="200% or 1600"
)
SIDE = r"([0-9]|[1-4][0-9]|50)%"
AMOUNT = Number(low=-100, high=100)

RESTORATIONS = (
    Option(
        name="decompress",
        label="Remove traces of JPEG compression",
        help="Automatic looks whether there are any; strong may take fine detail along.",
        choices=(
            (NONE, "No"),
            ("auto", "Automatic"),
            ("moderate", "Moderate"),
            ("strong", "Strong"),
        ),
        default="auto",
        vendor_default=NONE,
    ),
    Option(
        name="upscale",
        label="Method of enlarging",
        help="Works together with width and height. Faces draws faces anew, so that "
        "people may look like somebody else.",
        choices=(
            (NONE, "Plain, invents nothing"),
            ("photo", "Photo"),
            ("smart_resize", "Smart, for good scans"),
            ("smart_enhance", "Smart, for small and poor pictures"),
            ("faces", "Faces"),
            ("digital_art", "Drawing or painting"),
        ),
        default=NONE,
    ),
    Option(
        name="upscale_version",
        label="Version of the method Photo",
        help="Version 3 goes further than version 2.",
        choices=(("", "The provider's newest"), ("2", "2"), ("3", "3")),
        default="",
        only_if=("upscale", ("photo",)),
    ),
    Option(
        name="polish",
        label="Polish",
        help="Redraws surfaces for a cleaner look; skin may become too smooth.",
        choices=NO_YES,
        default="0",
    ),
)
RESIZING = (
    Option(
        name="width",
        label="Width",
        help="In pixels, or as a percentage such as 200%. Empty leaves the size alone; "
        "the photo keeps its shape and is never cut.",
        text=SIZE,
        default="",
    ),
    Option(
        name="height",
        label="Height",
        help="In pixels or as a percentage. With both, the photo fits inside; where "
        "percentages differ, the smaller one counts.",
        text=SIZE,
        default="",
    ),
)
ADJUSTMENTS = (
    Option(
        name="hdr",
        label="Balance of light and dark",
        help="Brings out what is too dark or too bright. 0 leaves it alone.",
        number=Number(low=0, high=100),
        default="0",
    ),
    Option(
        name="hdr_stitching",
        label="The photo is a stitched panorama",
        help="Hides the seam of a 360 degree picture while light is balanced.",
        choices=NO_YES,
        default="0",
    ),
    Option(
        name="exposure",
        label="Exposure",
        help="Darker below 0, brighter above.",
        number=AMOUNT,
        default="0",
    ),
    Option(
        name="saturation",
        label="Strength of colours",
        help="Paler below 0, stronger above.",
        number=AMOUNT,
        default="0",
    ),
    Option(
        name="contrast",
        label="Contrast",
        help="Softer below 0, harder above.",
        number=AMOUNT,
        default="0",
    ),
    Option(
        name="sharpness",
        label="Sharpness",
        help="More sharpens grain and scratches too.",
        number=Number(low=0, high=100),
        default="0",
    ),
)
BACKGROUND = (
    Option(
        name="background_remove",
        label="Remove the background",
        help="Leaves only what is in front. Meant for things on sale, not for albums.",
        choices=NO_YES,
        default="0",
    ),
    Option(
        name="background_category",
        label="What is in front",
        help="A hint for removing the background.",
        choices=CATEGORIES,
        default="general",
        only_if=("background_remove", ON),
    ),
    Option(
        name="background_keep",
        label="What to keep, in words",
        help="A few words in English instead of the hint, such as: the two children.",
        text=Text(longest=128, pattern=r"[^\x00-\x1f]{3,}", example="the two children"),
        default="",
        only_if=("background_remove", ON),
    ),
    Option(
        name="background_clipping",
        label="Cut to what is in front",
        help="Cuts away everything around it.",
        choices=NO_YES,
        default="0",
        only_if=("background_remove", ON),
    ),
    Option(
        name="background_color",
        label="Colour of the background",
        help="As #rrggbb, or transparent; transparent makes the result a PNG.",
        text=Text(
            longest=11, pattern=r"#[0-9a-fA-F]{6}|transparent", example="#ffffff"
        ),
        default="",
        vendor_default="#ffffff",
    ),
    Option(
        name="background_blur",
        label="Blur the background",
        help="Keeps what is in front sharp.",
        choices=NO_YES,
        default="0",
    ),
    Option(
        name="background_blur_category",
        label="What stays sharp",
        help="A hint for blurring the background.",
        choices=CATEGORIES,
        default="general",
        only_if=("background_blur", ON),
    ),
    Option(
        name="background_blur_keep",
        label="What stays sharp, in words",
        help="A few words in English instead of the hint.",
        text=Text(longest=128, pattern=r"[^\x00-\x1f]{3,}", example="the two children"),
        default="",
        only_if=("background_blur", ON),
    ),
    Option(
        name="background_blur_type",
        label="Kind of blur",
        help="Lens looks like the wide open lens of a camera.",
        choices=(("regular", "Even"), ("lens", "Like a lens")),
        default="regular",
        only_if=("background_blur", ON),
    ),
    Option(
        name="background_blur_level",
        label="Strength of the blur",
        help="How much is blurred.",
        choices=(("low", "Low"), ("medium", "Medium"), ("high", "High")),
        default="medium",
        only_if=("background_blur", ON),
    ),
)
FRAME = (
    Option(
        name="padding",
        label="Margin around the photo",
        help="A percentage such as 10%, or two for height and width. The photo becomes "
        "smaller inside.",
        text=Text(longest=7, pattern=rf"{SIDE}( {SIDE})?", example="10% or 5% 25%"),
        default="",
    ),
    Option(
        name="blur_car_plate",
        label="Make number plates of cars unreadable",
        help="Blurs them wherever a car is seen.",
        choices=NO_YES,
        default="0",
    ),
)
OUTPUT = (
    Option(
        name="format",
        label="Format of the result",
        help="JPEG is small; PNG and TIFF keep every pixel as it came.",
        choices=(("jpeg", "JPEG"), ("png", "PNG"), ("webp", "WebP"), ("tiff", "TIFF")),
        default="jpeg",
    ),
    Option(
        name="quality",
        label="Quality of the JPEG",
        help="100 is best and largest.",
        number=Number(low=1, high=100),
        default="92",
        vendor_default="85",
        only_if=("format", ("jpeg",)),
    ),
    Option(
        name="progressive",
        label="Progressive JPEG",
        help="Appears coarse at once and becomes finer while it loads.",
        choices=NO_YES,
        default="1",
        only_if=("format", ("jpeg",)),
    ),
    Option(
        name="png_compression",
        label="Effort for a small PNG",
        help="Changes the size of the file and the time, not the picture.",
        choices=(("optimal", "Balanced"), ("fast", "Fast"), ("best", "Smallest")),
        default="optimal",
        only_if=("format", ("png",)),
    ),
    Option(
        name="webp_compression",
        label="Compression of the WebP",
        help="Lossless keeps every pixel.",
        choices=(("lossy", "Lossy"), ("lossless", "Lossless")),
        default="lossy",
        only_if=("format", ("webp",)),
    ),
    Option(
        name="webp_quality",
        label="Quality of a lossy WebP",
        help="100 is best and largest.",
        number=Number(low=1, high=100),
        default="90",
        vendor_default="75",
        only_if=("webp_compression", ("lossy",)),
    ),
    Option(
        name="tiff_compression",
        label="Compression of the TIFF",
        help="Lossless keeps every pixel.",
        choices=(("lossless", "Lossless"), ("lossy", "Lossy")),
        default="lossless",
        only_if=("format", ("tiff",)),
    ),
    Option(
        name="dpi",
        label="Dots per inch, for printing",
        help="Only written into the file; the picture is the same.",
        choices=(("", "Not said"), ("150", "150"), ("300", "300"), ("600", "600")),
        default="",
    ),
)
OPTIONS = (
    *RESTORATIONS,
    *RESIZING,
    *ADJUSTMENTS,
    *BACKGROUND,
    *FRAME,
    *OUTPUT,
)
