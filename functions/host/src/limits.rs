//! The limits of a kernel and those of a manifest are two sides of one fact. The domain and the protocol import nothing local, so
//! this crate, which knows both, holds them together as it is compiled.

use sandcastle::limits as manifest;
use sandcastle_protocol::limits as kernel;

const _: () = {
    assert!(manifest::MAX_NAMES == kernel::MAX_NAMES);
    assert!(manifest::MAX_NAME_BYTES == kernel::MAX_NAME_BYTES);
    assert!(manifest::MAX_GROUPS == kernel::MAX_GROUPS);
    assert!(manifest::MAX_BUFFERS == kernel::MAX_PIECES);
    assert!(manifest::MAX_FRAMES == kernel::MAX_DATAFRAMES);
    assert!(manifest::MAX_ERROR_BYTES == kernel::MAX_ERROR_BYTES);
    assert!(manifest::MAX_ENV_BYTES == kernel::MAX_ENV_BYTES);
    assert!(manifest::MAX_COMMAND_BYTES == kernel::MAX_PROGRAM_BYTES);
    // A traceback is cut in its middle by the kernel; the host only bounds it.
    assert!(manifest::MAX_TRACEBACK_BYTES >= kernel::MAX_TRACEBACK_BYTES);
    // What an answer holds of one element is less than a kernel sends of it, so that the host can tell that it was cut.
    assert!(manifest::MAX_OUTPUT_JSON < kernel::MAX_ELEMENT_BYTES);
};
