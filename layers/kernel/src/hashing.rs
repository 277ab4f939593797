//! Hashes of big buffers for the harness: a data frame's content is compared by them.

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyBufferError;
use pyo3::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

/// The 64-bit XXH3 hash of a contiguous buffer of bytes. Raises BufferError for one that is not contiguous.
#[pyfunction]
#[allow(unsafe_code, reason = "pyo3's safe copy of a buffer would double the memory of a big data frame")]
pub(crate) fn hash_bytes(_py: Python<'_>, buffer: PyBuffer<u8>) -> PyResult<u64> {
    let bytes = buffer.as_slice_ptr().ok_or_else(|| PyBufferError::new_err("the buffer is not contiguous"))?;
    // SAFETY: the exporter keeps the memory in place and alive while `buffer` is held, and `u8` has no invalid values.
    // This thread is attached throughout, so no Python code writes to it; a library's thread that still computes into
    // an array which the code has left to it can at worst make the hash differ, as the changed content would.
    let bytes = unsafe { bytes.as_ref() };
    Ok(xxh3_64(bytes))
}
