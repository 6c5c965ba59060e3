{# Note that a model's build has begun, then do what the switches of mill_control say: wait, or fail. #}
{% macro begin(name) %}
  {% if execute %}
    {% set begun = run_query("select count(*) from " ~ target.database ~ ".mill_control.begun where name = '" ~ name ~ "'") %}
    {% do run_query("insert into " ~ target.database ~ ".mill_control.begun values ('" ~ name ~ "')") %}
    {% set waits = namespace(now=true) %}
    {% for poll in range(1000) if waits.now %}{% set waits.now = is_on(name ~ ' waits') %}{% endfor %}
    {% if is_on(name ~ ' fails') or (begun.rows[0][0] == 0 and is_on(name ~ ' fails once')) %}
      {{ exceptions.raise_compiler_error(name ~ " fails, as it was told to") }}
    {% endif %}
  {% endif %}
{% endmacro %}

{% macro is_on(switch) %}
  {# A query is quick here: asked without a pause, the warehouse would do nothing else. #}
  {% set end = modules.datetime.datetime.now() + modules.datetime.timedelta(seconds=0.2) %}
  {% for moment in range(100000) if modules.datetime.datetime.now() < end %}{% endfor %}
  {% set found = run_query("select count(*) from " ~ target.database ~ ".mill_control.switches where name = '" ~ switch ~ "'") %}
  {{ return(found.rows[0][0] > 0) }}
{% endmacro %}
