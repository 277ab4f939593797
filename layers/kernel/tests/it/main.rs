//! Tests the kernel binary over its sockets, as the host uses it.

// `cfg(test)` is always set here; it tells clippy that the helpers are tests too.
#[cfg(test)]
mod confinement;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod figures;
#[cfg(test)]
mod frames;
#[cfg(test)]
mod host;
#[cfg(test)]
mod limit;
#[cfg(test)]
mod output;
#[cfg(test)]
mod packages;
#[cfg(test)]
mod state;
