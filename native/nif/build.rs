//! Link flags of the NIF library.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // A purged module makes the VM dlclose its library, while LTTng's threads and the guard may still be running
    // through it.
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
