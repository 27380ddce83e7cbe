// Package vault keeps what a store holds from everybody who does not have its
// identity.
//
// # Keys
//
// An [Identity] is an age X25519 key pair that the person keeps apart from the
// data, in an ordinary age identity file, with or without a passphrase. Its
// secret can be written down as 24 words and brought back from them. Every
// image is an ordinary age file for that identity, so that
//
//	age --decrypt --identity identity {id}.jpg.age > shot.jpg
//
// opens it without Jarvis. A [DataKey] is the random key of one store; what is
// not an image, such as the catalogue, is encrypted under keys derived from
// it. It lies beside the data in a key file, sealed to the identity.
//
// # What is not promised
//
// Root on a machine that runs an unlocked store can read the keys from memory,
// and so can whoever finds them in swap that is not encrypted. [Harden] keeps
// them out of core dumps. Whoever has both the data and an identity file
// without a passphrase has everything.
//
// # Secrets
//
// Identity and DataKey print, format, marshal and log as a redaction, also as
// fields of other values. Only the methods that say Reveal return a secret. No
// error of this package holds one; [ParseWords] alone quotes the one word that
// is wrong.
package vault
