//! The module `native` that Rust gives to the harness: functions over many values, the limits of the protocol, and the
//! layout of records in the output pipe.

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyBufferError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyModule, PySet, PyType};
use sandcastle_protocol::limits;
use sandcastle_protocol::output::{self, Kind};
use xxhash_rust::xxh3::xxh3_64;

/// Makes the module, with the submodules `limits` and `records`.
pub(crate) fn module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let native = PyModule::new(py, "native")?;
    native.add_function(wrap_pyfunction!(hash_bytes, &native)?)?;
    native.add_function(wrap_pyfunction!(kinds_in, &native)?)?;
    native.add_submodule(&limits_module(py)?)?;
    native.add_submodule(&records_module(py)?)?;
    Ok(native)
}

/// The constants of [`limits`], under their names there.
fn limits_module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let module = PyModule::new(py, "limits")?;
    for (name, value) in [
        ("MAX_NAMES", limits::MAX_NAMES),
        ("MAX_NAMES_JSON_BYTES", limits::MAX_NAMES_JSON_BYTES),
        ("MAX_TOLD_NAMES_JSON_BYTES", limits::MAX_TOLD_NAMES_JSON_BYTES),
        ("MAX_NAME_BYTES", limits::MAX_NAME_BYTES),
        ("MAX_DATAFRAMES", limits::MAX_DATAFRAMES),
        ("MAX_ERROR_BYTES", limits::MAX_ERROR_BYTES),
        ("MAX_TRACEBACK_BYTES", limits::MAX_TRACEBACK_BYTES),
        ("MAX_TRACEBACK_LINE_BYTES", limits::MAX_TRACEBACK_LINE_BYTES),
        ("MAX_ENV_BYTES", limits::MAX_ENV_BYTES),
        ("MAX_ELEMENT_BYTES", limits::MAX_ELEMENT_BYTES),
        ("MAX_LOST_REASON_BYTES", limits::MAX_LOST_REASON_BYTES),
        ("MAX_STORED_BYTES", limits::MAX_STORED_BYTES),
        ("MAX_GROUPS", limits::MAX_GROUPS),
        ("MAX_BUFFERS", limits::MAX_BUFFERS),
        ("MAX_PIECES", limits::MAX_PIECES),
        ("MAPPED_BYTES", limits::MAPPED_BYTES),
        ("MAX_REASON_BYTES", limits::MAX_REASON_BYTES),
    ] {
        module.add(name, value)?;
    }
    Ok(module)
}

/// The layout of records, see [`output`]: MARK and the kinds as `bytes`, the header as a format of the module `struct`.
fn records_module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let module = PyModule::new(py, "records")?;
    module.add("MARK", PyBytes::new(py, &[output::MARK]))?;
    module.add("NONCE_LEN", output::NONCE_LEN)?;
    module.add("HEADER_FORMAT", output::python_header_format())?;
    module.add("MAX_PAYLOAD", output::MAX_PAYLOAD)?;
    for (name, kind) in [("BEGIN", Kind::Begin), ("PIECE", Kind::Piece), ("LAST", Kind::Last), ("END", Kind::End)] {
        module.add(name, PyBytes::new(py, &[kind as u8]))?;
    }
    Ok(module)
}

/// The 64-bit XXH3 hash of a contiguous buffer of bytes, for comparing the contents of data frames. Raises BufferError for a
/// buffer that is not contiguous.
#[pyfunction]
#[allow(unsafe_code, reason = "pyo3 0.30's safe copy of a buffer would double the memory of a big data frame")]
fn hash_bytes(_py: Python<'_>, buffer: PyBuffer<u8>) -> PyResult<u64> {
    let bytes = buffer.as_slice_ptr().ok_or_else(|| PyBufferError::new_err("the buffer is not contiguous"))?;
    // SAFETY: the exporter keeps the memory in place and alive while `buffer` is held, and `u8` has no invalid values.
    // This thread is attached throughout, so no Python code writes to it. A thread of a library may still write to an
    // array; at worst the hash differs, as it would for changed contents.
    let bytes = unsafe { bytes.as_ref() };
    Ok(xxh3_64(bytes))
}

/// The classes of the objects in a list or a tuple, as a set. A large one is mostly of one class.
#[pyfunction]
fn kinds_in<'py>(values: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PySet>> {
    let kinds = PySet::empty(values.py())?;
    let mut last: Option<Bound<'py, PyType>> = None;
    let mut add = |one: Bound<'py, PyAny>| -> PyResult<()> {
        if last.as_ref().is_some_and(|last| one.get_type_ptr() == last.as_type_ptr()) {
            return Ok(());
        }
        let kind = one.get_type();
        kinds.add(&kind)?;
        last = Some(kind);
        Ok(())
    };
    match values.cast::<PyList>() {
        Ok(list) => list.iter().try_for_each(&mut add)?,
        Err(_) => values.try_iter()?.try_for_each(|one| add(one?))?,
    }
    Ok(kinds)
}
