//! `cargo run -p kolsai-contract-codegen [-- --check]`.

use std::process::ExitCode;

use kolsai_contract_codegen::{Error, Layout, differences, generate, write};

fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("contract-codegen: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Vec<String>) -> Result<ExitCode, Error> {
    let check = match arguments.as_slice() {
        [] => false,
        [only] if only == "--check" => true,
        _ => return Err(Error::Usage),
    };
    let layout = Layout::of_workspace();
    let output = generate(&layout)?;
    if !check {
        let changed = write(&layout, &output)?;
        eprintln!("contract-codegen: {} files, {changed} changed", output.files.len());
        return Ok(ExitCode::SUCCESS);
    }
    let drifted = differences(&layout, &output)?;
    for difference in &drifted {
        eprintln!("contract-codegen: {difference}");
    }
    Ok(if drifted.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
