include: "workflow/Snakefile"


rule default:  # an included file cannot name the default target
    default_target: True
    input:
        rules.all.input,
