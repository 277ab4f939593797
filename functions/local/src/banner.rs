//! The banner that `sandcastle serve` prints when it is ready: addresses, the development key, and lines to paste.

use std::{fmt, path::Path};

use crate::dev_key::DevKey;

/// The banner; its `Display` ends with a line break.
pub(crate) struct Banner<'a> {
    /// URL of the API.
    pub url: &'a str,
    /// The data folder.
    pub data_dir: &'a Path,
    /// The development key.
    pub key: &'a DevKey,
    /// URL of the S3 in links to files.
    pub links: &'a str,
    /// Whether each kernel has a user id of its own.
    pub as_root: bool,
}

impl fmt::Display for Banner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, data_dir, key, links, as_root } = self;
        let (shown, pasted) = match key {
            DevKey::Own(secret) => (secret.expose(), secret.expose()),
            DevKey::Given(_) => ("the one in SANDCASTLE_API_KEY", "$SANDCASTLE_API_KEY"),
        };
        writeln!(f, "\nSandcastle is ready at {url}\n")?;
        writeln!(f, "  key    {shown}")?;
        writeln!(f, "  data   {}", data_dir.display())?;
        writeln!(f, "  files  {links}")?;
        if !as_root {
            writeln!(
                f,
                "  note   kernels run as this user: for code of people you trust. SECURITY.md says how each gets its own user"
            )?;
        }
        writeln!(f)?;
        writeln!(f, "Run code from another terminal:\n")?;
        writeln!(f, r#"  KEY="{pasted}" API={url}/v2/sandcastles"#)?;
        let authorization = r#"-H "Authorization: Bearer $KEY""#;
        let id = r#"sed 's/.*"sandbox_id":"\([^"]*\)".*/\1/'"#;
        writeln!(f, r#"  ID=$(curl -s -X POST $API {authorization} | {id})"#)?;
        let body = r#"-H 'Content-Type: application/json' -d '{"code": "print(2+2)"}'"#;
        writeln!(f, r#"  curl -s $API/$ID/execute {authorization} {body}"#)?;
        writeln!(f)
    }
}
