//! Values that cannot be wrong: each is checked where it is made, also when it is read from JSON, and nowhere else.

mod code;
mod environment;
mod idempotency;
mod mime_type;
mod mode;
mod names;
mod path;
mod text;

pub use code::{Code, Command, CommandKind, WorkError};
pub use environment::{EnvName, EnvValue, WorkingDirectory};
pub use idempotency::IdempotencyKey;
pub use mime_type::MimeType;
pub use mode::FileMode;
pub use names::{Name, RuntimeVersion, VariableName};
pub use path::{PathError, WorkingPath};
pub(crate) use text::text_value;
