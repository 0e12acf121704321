(* A stream transform: each line goes out in upper case as soon as it has come in. *)
let () =
  try
    while true do
      read_line () |> String.uppercase_ascii |> print_endline
    done
  with End_of_file -> ()
