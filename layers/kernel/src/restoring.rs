//! What a kernel is given to restore: stored groups, and where their bytes are, as Python takes them.

use std::collections::BTreeMap;
use std::os::fd::{IntoRawFd, OwnedFd, RawFd};
use std::sync::Arc;

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyTuple};
use sandcastle_protocol::{Extent, Fetched, FromKernel, Need, Place, StoredGroup, ToKernel};

use crate::frames::FrameSocket;

/// Descriptor, where the pickle is, where the buffers are; each as start and length.
type PlaceInPython = (RawFd, (u64, u64), Vec<(u64, u64)>);
/// Id, names, kind, size, place.
pub(crate) type StoredInPython = (u64, Vec<String>, &'static str, u64, Option<PlaceInPython>);

/// The groups as `session.begin` takes them. Python closes the files.
pub(crate) fn stored(groups: Vec<StoredGroup>, files: Vec<OwnedFd>) -> PyResult<Vec<StoredInPython>> {
    let files = numbers(files);
    let group = |group: StoredGroup| {
        let StoredGroup { id, names, kind, size, place } = group;
        Ok((id, names, kind.as_str(), size, place.map(|place| located(place, &files)).transpose()?))
    };
    groups.into_iter().map(group).collect()
}

/// A function that asks the host for groups: it takes their ids, and returns their places by id, or None.
pub(crate) fn fetcher<'py>(py: Python<'py>, frames: &Arc<FrameSocket>) -> PyResult<Bound<'py, PyCFunction>> {
    let frames = Arc::clone(frames);
    let fetch = move |arguments: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
        let (groups,): (Vec<u64>,) = arguments.extract()?;
        let answer = arguments.py().detach(|| {
            frames.send(&FromKernel::Need(Need { groups })).map_err(|error| PyOSError::new_err(error.to_string()))?;
            frames.receive().map_err(|error| PyOSError::new_err(error.to_string()))
        })?;
        let Some((ToKernel::Fetched(Fetched { places }), files)) = answer else {
            return Err(PyRuntimeError::new_err("the host gives no variables"));
        };
        let files = numbers(files);
        let places = places.map(|places| {
            places
                .into_iter()
                .map(|(id, place)| Ok((id, located(place, &files)?)))
                .collect::<PyResult<BTreeMap<_, _>>>()
        });
        places.transpose()
    };
    PyCFunction::new_closure(py, None, None, fetch)
}

fn numbers(files: Vec<OwnedFd>) -> Vec<RawFd> {
    files.into_iter().map(IntoRawFd::into_raw_fd).collect()
}

fn located(place: Place, files: &[RawFd]) -> PyResult<PlaceInPython> {
    let extent = |Extent { at, len }: Extent| (at, len);
    let file = files.get(place.file).ok_or_else(|| PyValueError::new_err("a file that did not come"))?;
    Ok((*file, extent(place.content.pickle), place.content.buffers.into_iter().map(extent).collect()))
}
