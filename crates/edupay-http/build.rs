//! Packs the OpenAPI document: so it goes into the program and to most clients.

use flate2::{Compression, GzBuilder};
use std::error::Error;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

const DOCUMENT: &str = "../../docs/openapi.json";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={DOCUMENT}");
    println!("cargo::rerun-if-changed=build.rs");
    let folder = std::env::var_os("OUT_DIR").ok_or("cargo did not say where to write to")?;
    let document = fs::read(DOCUMENT).map_err(|error| format!("{DOCUMENT} can't be read: {error}"))?;
    let file = File::create(Path::new(&folder).join("openapi.json.gz"))?;
    let mut packed = GzBuilder::new().write(file, Compression::best());
    packed.write_all(&on_one_line(&document))?;
    packed.finish()?.sync_all()?;
    Ok(())
}

/// Without the spaces and line ends that lie outside of texts.
fn on_one_line(json: &[u8]) -> Vec<u8> {
    let (mut in_text, mut is_escaped) = (false, false);
    let kept = json.iter().copied().filter(|byte| {
        let is_quote = *byte == b'"' && !is_escaped;
        is_escaped = in_text && *byte == b'\\' && !is_escaped;
        in_text ^= is_quote;
        in_text || !byte.is_ascii_whitespace()
    });
    kept.collect()
}
