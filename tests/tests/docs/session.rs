//! Where the blocks of one document are run: a folder that looks like the checkout to them, and a server on it.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use sandcastle_e2e::{paths, server::Server};
use tempfile::TempDir;

use crate::markdown::Block;

/// Where the documents say that the server listens.
const DOCUMENTED: &str = "http://127.0.0.1:8787";
/// How many seconds a block may take.
const SECONDS: &str = "120";

/// The blocks of one document, run in order. A variable of the shell is there in the next block.
pub(crate) struct Session {
    server: Server,
    folder: TempDir,
}

impl Session {
    /// Starts a server whose data is where `make run` keeps it.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let checkout = folder.path().join("checkout");
        fs::create_dir_all(checkout.join("target")).unwrap();
        symlink(paths::binary("sandcastle").parent().unwrap(), checkout.join("target/release")).unwrap();
        symlink(paths::root().join("tests"), checkout.join("tests")).unwrap();
        // Without a key of the tests' own, the server makes one and keeps it in its folder.
        let server = Server::start(&checkout.join(".sandcastle"), &[("SANDCASTLE_API_KEY", "")]);
        Self { server, folder }
    }

    /// What the server logged.
    pub(crate) fn log(&self) -> String {
        self.server.log()
    }

    /// Runs a block: what it prints on standard output. An error that the API answers counts as a failure, too.
    pub(crate) fn run(&self, block: &Block) -> Result<String, String> {
        let text = block.text.replace(DOCUMENTED, &self.server.url);
        let (program, script) = match block.language.as_str() {
            "python" => (paths::tool("python"), text),
            _ => (PathBuf::from("bash"), self.with_variables(&text)),
        };
        let file = self.folder.path().join("script");
        fs::write(&file, script).unwrap();
        let out = self.command(&program).arg(&file).output().map_err(|error| error.to_string())?;
        let (printed, errors) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        match out.status.success() && !printed.contains(r#"{"error":{"code""#) {
            true => Ok(printed.into_owned()),
            false => Err(format!("{}: {printed}{errors}\nof\n{}", out.status, block.text)),
        }
    }

    /// The script, with the variables of the block before it, which it leaves to the next one.
    fn with_variables(&self, text: &str) -> String {
        let file = self.folder.path().join("variables");
        let file = file.display();
        format!("set -eu -o pipefail -a\nif [ -f {file} ]; then . {file}; fi\n{text}\nexport -p > {file}\n")
    }

    /// A program in the folder, with an environment that says where programs are and nothing else.
    fn command(&self, program: &Path) -> Command {
        let tools = paths::tool("python");
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", tools.parent().unwrap().display());
        let mut command = Command::new("timeout");
        command.arg(SECONDS).arg(program).current_dir(self.folder.path().join("checkout")).stdin(Stdio::null());
        command.env_clear().env("PATH", path).env("LC_ALL", "C.UTF-8").env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}
