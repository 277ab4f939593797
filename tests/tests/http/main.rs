//! The router over the real service with in-memory adapters of its two ports, as clients and attackers see it.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod auth;
#[cfg(test)]
mod auth_table;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod calls;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod events;
#[cfg(test)]
mod exec;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod jwt;
#[cfg(test)]
mod jwt_defects;
#[cfg(test)]
mod jwt_keys;
#[cfg(test)]
mod jwt_settings;
#[cfg(test)]
mod lambda;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod sandbox_limit;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod staged;
#[cfg(test)]
mod start_limits;
#[cfg(test)]
mod stored_bytes;
#[cfg(test)]
mod support;
#[cfg(test)]
mod uploads;
