[
  inputs: ["mix.exs", ".formatter.exs", "lib/**/*.ex", "tests/elixir/**/*.exs"],
  line_length: 120
]
