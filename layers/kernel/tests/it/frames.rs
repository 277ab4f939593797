//! Data frames: which ones a kernel reports, and which ones as changed.

use crate::host::Kernel;
use crate::packages::host;

/// Runs steps: code, and the names that it must report as changed.
fn steps(kernel: &mut Kernel, steps: &[(&str, &[&str])]) {
    for (code, wanted) in steps {
        let answer = kernel.run(code);
        assert_eq!(answer.error(), "", "{code}");
        assert_eq!(answer.changed(), *wanted, "{code}");
    }
}

#[test]
fn a_frame_is_changed_when_new_rebound_or_written_to() {
    let Some(mut host) = host("pandas", true) else { return };
    let mut kernel = host.kernel();
    steps(
        &mut kernel,
        &[
            ("import pandas as pd\ndf = pd.DataFrame({'a': range(1000), 'b': 'x'})\nseries = df['a']", &["df"]),
            ("print(df['a'].sum(), df.describe().shape, df.values.shape)", &[]),
            ("df.loc[500, 'b'] = 'y'", &["df"]),
            ("df.loc[500, 'b'] = 'y'", &[]),
            ("def change(): df.loc[0, 'a'] = 99", &[]),
            ("change()", &["df"]),
            ("box = [{'k': df}]", &[]),
            ("box[0]['k']['new'] = 1", &["df"]),
            ("box[0]['k'].describe(); df.sort_values('a')", &[]),
            ("exec('d' + 'f.loc[1, \"a\"] = 5')", &["df"]),
            ("alias = df", &["alias"]),
            ("alias.index.name = 'i'", &["df", "alias"]),
            ("df.query('a > 3')", &[]),
            ("df = df.head(1)", &["df"]),
            ("df = alias = None", &[]),
        ],
    );
}

#[test]
fn every_kind_of_column_is_watched() {
    let Some(mut host) = host("pandas", true) else { return };
    let mut kernel = host.kernel();
    let columns = "import pandas as pd
df = pd.DataFrame({'f': [1., 2., 3.], 'l': [[1], [2], [3]], 'i': pd.array([1, None, 3], dtype='Int64')})
df['c'] = pd.Categorical(['u', 'v', 'u'])
df['t'] = pd.date_range('2020', periods=3, tz='UTC')
df['o'] = pd.Series([-1, 'x', None], dtype=object)
df = df.set_index(['f', 'c'], drop=False)";
    steps(
        &mut kernel,
        &[
            (columns, &["df"]),
            ("repr(df); df.memory_usage(deep=True); df.select_dtypes('number').mean()", &[]),
            ("df.iat[0, 1].append(7)", &["df"]),
            ("df.iloc[0, 2] = 9", &["df"]),
            ("df.iloc[0, 3] = 'v'", &["df"]),
            ("df.iloc[1, 4] = None", &["df"]),
            ("df.iloc[0, 5] = -2", &["df"]),
            ("df.columns = list('ABCDEF')", &["df"]),
        ],
    );
}

#[test]
fn frames_of_other_libraries_are_listed() {
    let Some(mut host) = host("polars", false) else { return };
    let mut kernel = host.kernel();
    steps(
        &mut kernel,
        &[
            (
                "import polars as pl, pyarrow as pa\np = pl.DataFrame({'a': [1, 2]})\nt = pa.table({'a': [1]})",
                &["p", "t"],
            ),
            ("p.sum(), t.num_rows", &[]),
            ("p[0, 'a'] = 5", &["p"]),
        ],
    );
    let listed = kernel.run("").done.dataframes;
    let shapes: Vec<_> = listed.iter().map(|f| (f.name.as_str(), f.num_rows, f.num_cols, f.memory_bytes > 0)).collect();
    assert_eq!(shapes, [("p", 2, 1, true), ("t", 1, 1, true)]);
}

#[test]
fn hostile_classes_and_long_names_break_nothing() {
    let Some(mut host) = host("pandas", true) else { return };
    let mut kernel = host.kernel();
    let code = "import pandas as pd
class Fake:
    __class__ = property(lambda s: pd.DataFrame)
    shape = property(lambda s: 1/0)
class Sub(pd.DataFrame):
    @property
    def shape(self): raise RuntimeError
    def __len__(self): raise SystemExit(9)
    def memory_usage(self, *a, **k): raise SystemExit(9)
class Hostile:
    def __reduce__(self): raise SystemExit(9)
    def __hash__(self): raise SystemExit(9)
fake, sub = Fake(), Sub({'a': [1, 2]})
holder = pd.DataFrame({'h': [Hostile()]})
globals()['d' * 1_000_000] = pd.DataFrame()
print('survived')";
    let answer = kernel.run(code);
    assert_eq!((answer.error(), answer.changed()), ("", vec!["sub", "holder"]));
    assert_eq!(answer.elements, ["survived"]);
    assert_eq!((answer.done.dataframes[0].num_rows, answer.done.dataframes[0].num_cols), (2, 1));
    let many = kernel.run("for i in range(1100): globals()[f'f{i}'] = pd.DataFrame({'a': [i]})");
    assert_eq!(many.done.dataframes.len(), 1000);
}
