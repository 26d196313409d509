[
  inputs: ["mix.exs", ".formatter.exs", "{lib,tests/elixir}/**/*.{ex,exs}"],
  line_length: 120
]
