(* The smallest service: what it prints is the response. *)
let () = print_endline "hello from ocaml"
