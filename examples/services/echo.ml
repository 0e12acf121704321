(* Prints a request parameter and the method: both are environment variables. *)
let () =
  let name = Option.value (Sys.getenv_opt "PARAM_name") ~default:"stranger" in
  Printf.printf "name=%s\nmethod=%s\n" name (Sys.getenv "REQUEST_METHOD")
