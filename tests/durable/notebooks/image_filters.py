# Image processing: a drawn picture, filters in numpy, edges, colour histogram, a contact sheet.
# %%
import numpy as np
from PIL import Image, ImageDraw, ImageFilter

size = 96
picture = Image.new("RGB", (size, size), (30, 60, 90))
pen = ImageDraw.Draw(picture)
pen.ellipse((20, 20, 70, 70), fill=(220, 180, 40))
pen.rectangle((50, 50, 90, 85), fill=(200, 40, 60))
pen.line((0, 95, 95, 0), fill=(255, 255, 255), width=3)
print(picture.size, picture.mode, picture.getpixel((30, 40)))

# %%
pixels = np.array(picture)
grey = pixels @ np.array([0.299, 0.587, 0.114])
red = pixels[:, :, 0]
print(pixels.shape, pixels.dtype, round(float(grey.mean()), 3), int(red.max()))

# %%
def convolve(image, kernel):
    """A two-dimensional convolution with the border repeated."""
    k = kernel.shape[0] // 2
    padded = np.pad(image, k, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape)
    return (windows * kernel[::-1, ::-1]).sum(axis=(2, 3))


SOBEL = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]], float)
edges = np.hypot(convolve(grey, SOBEL), convolve(grey, SOBEL.T))
print(edges.shape, round(float(edges.max()), 3), int((edges > 200).sum()))

# %%
# The red channel is a view: what is written to it shows in the picture's pixels.
red[:10, :] = 255
ImageDraw.Draw(picture).text((2, 80), "id", fill=(0, 255, 0))
print(pixels[0, 0].tolist(), picture.getpixel((0, 0)))

# %%
frames = {
    "plain": picture,
    "edges": Image.fromarray(np.clip(edges / 4, 0, 255).astype("uint8")),
    "blur": picture.filter(ImageFilter.GaussianBlur(2)),
    "striped": Image.fromarray(pixels),
    "small": picture.resize((48, 48), Image.Resampling.BOX),
}
for name, image in frames.items():
    print(name, image.mode, image.size)

# %%
counts, bins = np.histogram(np.asarray(frames["blur"]).ravel(), bins=8, range=(0, 256))
print(counts.tolist(), bins.astype(int).tolist())

# %%
sheet = Image.new("RGB", (size * 3, size * 2), "white")
for position, name in enumerate(frames):
    row, column = divmod(position, 3)
    sheet.paste(frames[name].convert("RGB"), (column * size, row * size))
sheet.save("sheet.png")
print(sheet.size)

# %%
reopened = Image.open("sheet.png")
reopened.load()
same = np.array_equal(np.asarray(reopened), np.asarray(sheet))
labels = np.asarray(reopened)[:size, :size].reshape(-1, 3)
colours, frequency = np.unique(labels, axis=0, return_counts=True)
print(same, len(colours), colours[frequency.argmax()].tolist())

# %%
threshold = 128
mask = grey > threshold
ys, xs = np.nonzero(mask)
box = tuple(int(v) for v in (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1))
crop = picture.crop(box)
print(box, crop.size, round(mask.mean(), 4))
