//! The program `showd`; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    showd::main()
}
