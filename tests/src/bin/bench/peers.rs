//! The data that the section "Variables" measures with, and what others need to keep the same data.

use std::{
    error::Error,
    io::Write,
    process::{Command, Stdio},
};

use sandcastle_e2e::paths;
use serde_json::{Value, json};

/// One set of variables. Its code makes the same data in a sandbox and for the others.
pub(crate) struct Data {
    pub(crate) name: &'static str,
    /// Cells that make it. Each stores less than one call may.
    pub(crate) make: Vec<String>,
    /// Reads of it, and changes nothing.
    pub(crate) touch: &'static str,
    /// Changes it; `{n}` stands for the number of the round. Empty if only reading is measured.
    pub(crate) change: &'static str,
    /// How often the others are measured with it.
    pub(crate) rounds: usize,
}

/// 100 MB of floats in one array.
pub(crate) fn floats() -> Data {
    let make = vec!["import numpy as np\na = np.random.default_rng(0).random(12_500_000)".to_owned()];
    Data { name: "floats", make, touch: "float(a[0])", change: "", rounds: 3 }
}

/// 1 GB of floats in ten arrays, and 1 MB in one more.
pub(crate) fn gigabyte() -> Data {
    let array = |n| format!("import numpy as np\na{n} = np.random.default_rng({n}).random(12_500_000)");
    let make = (0..10).map(array).chain(["small = np.arange(131_072.0)".to_owned()]);
    // Once: it takes the others a minute.
    Data { name: "gigabyte", make: make.collect(), touch: "float(small[0])", change: "", rounds: 1 }
}

/// 300,000 small objects: 75,000 dicts of three values.
pub(crate) fn objects() -> Data {
    let make = vec![r#"d = [{"a": n, "b": str(n), "c": n * 0.5} for n in range(75_000)]"#.to_owned()];
    Data { name: "objects", make, touch: "len(d)", change: "", rounds: 3 }
}

/// A column of 1,000,000 strings that are Python objects.
pub(crate) fn strings() -> Data {
    let make = vec![
        r#"import pandas as pd
s = pd.Series([f"row {n}" for n in range(1_000_000)], dtype=object)"#
            .to_owned(),
    ];
    Data { name: "strings", make, touch: "len(s[0])", change: "", rounds: 3 }
}

/// Bytes of one column of [`frame`].
pub(crate) const COLUMN_BYTES: f64 = 10e6;

/// A frame of 100 MB in ten columns; its change adds a column.
pub(crate) fn frame() -> Data {
    let make = vec![
        r#"import numpy as np, pandas as pd
df = pd.DataFrame({f"c{n}": np.random.default_rng(n).random(1_250_000) for n in range(10)})"#
            .to_owned(),
    ];
    let change = r#"df["added {n}"] = df["c0"] * ({n} + 2)"#;
    Data { name: "frame", make, touch: "len(df)", change, rounds: 3 }
}

/// What `tests/bench/peers.py` measured.
pub(crate) struct Peers(Value);

impl Peers {
    /// Measures them with these data; takes minutes.
    pub(crate) fn measure(sets: &[Data]) -> Result<Self, Box<dyn Error>> {
        let given = sets.iter().map(|data| {
            let Data { name, make, touch, change, rounds } = data;
            json!({ "name": name, "make": make, "touch": touch, "change": change, "rounds": rounds })
        });
        let given = Value::Array(given.collect());
        let mut python = Command::new(paths::peer("python"));
        python.arg(paths::root().join("tests/bench/peers.py")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut python = python.spawn()?;
        python.stdin.take().ok_or("no standard input")?.write_all(given.to_string().as_bytes())?;
        let out = python.wait_with_output()?;
        Ok(Self(serde_json::from_slice(&out.stdout)?))
    }

    /// A figure of each of them: cloudpickle, dill and Kishu. The keys of Kishu's figures are its own.
    pub(crate) fn figures(&self, data: &str, key: &str, of_kishu: &str) -> [Option<f64>; 3] {
        [("cloudpickle", key), ("dill", key), ("kishu", of_kishu)].map(|(peer, key)| self.0[data][peer][key].as_f64())
    }

    /// What could not be measured, and why.
    pub(crate) fn failures(&self) -> Vec<String> {
        let all = self.0.as_object().into_iter().flatten();
        let each = all.flat_map(|(data, peers)| {
            peers.as_object().into_iter().flatten().map(move |(peer, found)| (data, peer, &found["error"]))
        });
        each.filter_map(|(data, peer, error)| Some(format!("{peer} with {data}: {}", error.as_str()?))).collect()
    }
}
