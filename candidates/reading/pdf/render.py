"""A page of a PDF as it is drawn, in grey, and whether a letter shows in it."""

import ctypes

import pypdfium2.raw as raw

from .page import Box, Page

PIXELS_PER_POINT = 1.5
MAX_PIXELS = 16_000_000
CONTRAST = 24  # grey levels of 256 between the lightest and the darkest spot of a letter


class GreyPage:
    """The page as it is shown, in grey."""

    def __init__(self, page: Page) -> None:
        width = raw.FPDF_GetPageWidthF(page.handle)
        height = raw.FPDF_GetPageHeightF(page.handle)
        scale = min(PIXELS_PER_POINT, (MAX_PIXELS / max(width * height, 1.0)) ** 0.5)
        self.width, self.height = max(int(width * scale), 1), max(int(height * scale), 1)
        bitmap = raw.FPDFBitmap_CreateEx(self.width, self.height, raw.FPDFBitmap_Gray, None, 0)
        if not bitmap:
            raise MemoryError("no room for a page's picture")
        try:
            raw.FPDFBitmap_FillRect(bitmap, 0, 0, self.width, self.height, 0xFFFFFFFF)
            raw.FPDF_RenderPageBitmap(
                bitmap, page.handle, 0, 0, self.width, self.height, 0, raw.FPDF_ANNOT
            )
            self.stride = raw.FPDFBitmap_GetStride(bitmap)
            size = self.stride * self.height
            self.pixels = ctypes.string_at(raw.FPDFBitmap_GetBuffer(bitmap), size)
        finally:
            raw.FPDFBitmap_Destroy(bitmap)
        self.origin = self._at(page, 0.0, 0.0)
        self.along = self._at(page, 1000.0, 0.0)
        self.up = self._at(page, 0.0, 1000.0)

    def _at(self, page: Page, x: float, y: float) -> tuple[int, int]:
        """Where a point of the page, turned and cropped as it may be, is in the picture; a
        thousand times as fine as a pixel, because pdfium answers in whole ones."""
        column, row = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(
            page.handle,
            0,
            0,
            self.width * 1000,
            self.height * 1000,
            0,
            x,
            y,
            ctypes.byref(column),
            ctypes.byref(row),
        )
        return column.value, row.value

    def shows(self, box: Box) -> bool:
        """Whether the letter in `box` stands out from what is around it."""
        corners = []
        for x, y in ((box[0], box[1]), (box[2], box[3])):
            for axis in (0, 1):
                start = self.origin[axis]
                across = (self.along[axis] - start) * x / 1000
                upward = (self.up[axis] - start) * y / 1000
                corners.append((start + across + upward) / 1000)
        column_0, row_0, column_1, row_1 = corners
        left, right = sorted((column_0, column_1))
        top, bottom = sorted((row_0, row_1))
        first, last = max(int(left), 0), min(int(right) + 1, self.width)
        lightest, darkest = 0, 255
        for row in range(max(int(top), 0), min(int(bottom) + 1, self.height)):
            line = self.pixels[row * self.stride + first : row * self.stride + last]
            if line:
                lightest = max(lightest, *line) if len(line) > 1 else max(lightest, line[0])
                darkest = min(darkest, *line) if len(line) > 1 else min(darkest, line[0])
                if lightest - darkest >= CONTRAST:
                    return True
        return False
