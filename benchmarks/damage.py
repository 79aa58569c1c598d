"""Files with flipped bits, cut off, exchanged, or with another structure."""

import h5py
import numpy as np


def flip(path, rng):
    data = bytearray(path.read_bytes())
    for place in rng.integers(len(data), size=rng.integers(1, 5)):
        data[place] ^= 1 << rng.integers(8)
    path.write_bytes(data)


def edit(path, rng):
    if rng.random() < 0.1:
        path.write_bytes(path.read_bytes()[: rng.integers(path.stat().st_size)])
        return
    with h5py.File(path, "r+") as file:
        names = []
        file.visititems(lambda name, each: names.append(name) if _is_data(each) else None)
        name = names[rng.integers(len(names))]
        EDITS[rng.integers(len(EDITS))](file, name, rng)


def _is_data(each):
    return isinstance(each, h5py.Dataset) and each.size and each.dtype.kind in "iuf"


def _other_value(file, name, rng):
    values = file[name][...]
    values.flat[rng.integers(values.size)] += 1
    file[name][...] = values


def _other_order(file, name, rng):
    values = file[name][...]
    file[name][...] = rng.permutation(values.ravel()).reshape(values.shape)


def _replaced(file, name, values, **options):
    del file[name]
    file.create_dataset(name, data=values, **options)


def _link_to(file, name, link):
    del file[name]
    file[name] = link


def _attribute(file, name, rng):
    owner = file[name].parent
    attrs = owner.attrs if len(owner.attrs) else file.attrs
    key = list(attrs)[rng.integers(len(attrs))]
    del attrs[key]
    if rng.random() < 0.5:
        attrs[key] = str(rng.choice(["", "{}", "[1", "other"]))


def _of_variable(file, name, rng):
    attrs = file[name].attrs
    names = ["units", "scale_factor", "_FillValue", "dtype", "coordinates"]
    attrs[str(rng.choice(names))] = "days"


def _far(file, name, rng):
    del file[name]
    file.create_dataset(name, (4,), "f8", external=[("/etc/hostname", 0, 32)])


def _virtual(file, name, rng):
    layout = h5py.VirtualLayout(shape=(4,), dtype="f8")
    layout[:] = h5py.VirtualSource("far.h5", "x", shape=(4,))
    file.create_virtual_dataset(f"{name}_", layout)


EDITS = (
    _other_value,
    _other_order,
    _attribute,
    _of_variable,
    _far,
    _virtual,
    lambda file, name, rng: file.__delitem__(name),
    lambda file, name, rng: file.__delitem__(file[name].parent.name),
    lambda file, name, rng: file.move(name, f"{name}_other"),
    lambda file, name, rng: _replaced(file, name, file[name][...].astype("f4")),
    lambda file, name, rng: _replaced(file, name, file[name][...].ravel()),
    lambda file, name, rng: _replaced(file, name, str(name)),
    lambda file, name, rng: _replaced(file, name, np.zeros(3, [("a", "f8"), ("b", "i4")])),
    lambda file, name, rng: _link_to(file, name, h5py.ExternalLink("far.nc", "/")),
    lambda file, name, rng: _link_to(file, name, h5py.SoftLink(f"/{name}")),
    lambda file, name, rng: _link_to(file, name, file["/"]),
    lambda file, name, rng: file.create_dataset(f"{name}_", (2**44,), "f8", chunks=(2**20,)),
    lambda file, name, rng: file.create_dataset(f"{name}_", (2**20,) * 2, "f8", fillvalue=1),
    lambda file, name, rng: file[file[name].parent.name].create_group("more/and/more"),
)


def damage(place, places, rng):
    data = place.read_bytes()
    cut = int(rng.integers(len(data)))
    if (kind := rng.integers(5)) == 0:
        flip(place, rng)
    else:
        other = places[rng.integers(len(places))].read_bytes()
        place.write_bytes([data[:cut], b"", other, data + b"more"][kind - 1])
