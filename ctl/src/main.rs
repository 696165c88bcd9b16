//! The binary: arguments in, exit code out. Everything else is the library's.

fn main() -> std::process::ExitCode {
    showctl::main(std::env::args_os())
}
