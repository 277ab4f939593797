//! The `sandcastle` command.
fn main() {}
