//! Where the blocks of one document are run: a folder that looks like the checkout to them, and a server on it.

use std::{
    fs,
    io::Write,
    os::unix::fs::symlink,
    path::PathBuf,
    process::{Command, Stdio},
};

use sandcastle_e2e::{here, server::Server};
use tempfile::TempDir;

use crate::markdown::Block;

/// Where the documents say that the server listens.
const DOCUMENTED: &str = "http://127.0.0.1:8787";
/// So many seconds a block may take.
const PATIENCE: &str = "120";

/// The blocks of one document, run in order; what one sets in the shell, the next one has.
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
        symlink(here::binary("sandcastle").parent().unwrap(), checkout.join("target/release")).unwrap();
        symlink(here::root().join("tests"), checkout.join("tests")).unwrap();
        // Without a key of the tests' own, the server makes one and keeps it in its folder.
        let server = Server::start(&checkout.join(".sandcastle"), &[("SANDCASTLE_API_KEY", "")]);
        Self { server, folder }
    }

    /// What the server logged.
    pub(crate) fn log(&self) -> String {
        self.server.log()
    }

    fn checkout(&self) -> PathBuf {
        self.folder.path().join("checkout")
    }

    /// Runs a block: what it prints on standard output.
    pub(crate) fn run(&self, block: &Block) -> Result<String, String> {
        let text = block.text.replace(DOCUMENTED, &self.server.url);
        let (mut command, script) = match block.language.as_str() {
            "python" => (self.command(&here::tool("python")), text),
            _ => {
                let state = self.folder.path().join("variables");
                let state = state.display();
                let script = format!(
                    "set -eu -o pipefail -a\nif [ -f {state} ]; then . {state}; fi\n{text}\nexport -p > {state}\n"
                );
                (self.command(&PathBuf::from("bash")), script)
            }
        };
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // The script as a file: a program in it must not read the rest of it.
        let file = self.folder.path().join("script");
        fs::File::create(&file).unwrap().write_all(script.as_bytes()).unwrap();
        let out = command.arg(&file).stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
        let (printed, errors) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        let refused = printed.contains(r#"{"error":{"code""#);
        match out.status.success() && !refused {
            true => Ok(printed.into_owned()),
            false => Err(format!("{}: {printed}{errors}\nof {}", out.status, block.text)),
        }
    }

    /// A program in the folder, with an environment that holds a path to programs and nothing else.
    fn command(&self, program: &std::path::Path) -> Command {
        let mut command = Command::new("timeout");
        let tools = here::tool("python");
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", tools.parent().unwrap().display());
        command.args([PATIENCE.as_ref(), program.as_os_str()]).current_dir(self.checkout());
        command.env_clear().env("PATH", path).env("PYTHONDONTWRITEBYTECODE", "1").env("LC_ALL", "C.UTF-8");
        command
    }
}
